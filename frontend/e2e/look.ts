import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../screenshots/', import.meta.url));

const SIZES = [
  { size: 'wide', width: 1360, height: 850 },
  { size: 'phone', width: 375, height: 740 },
] as const;

/**
 * Looks at a page as it is now in both themes and at two widths: axe finds nothing, nothing is wider than the screen, and a
 * picture of it is kept for people, in `screenshots/`.
 */
export async function look(page: Page, name: string) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const { size, width, height } of SIZES) {
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: `${folder}${name}-${size}-${colorScheme}.png`, animations: 'disabled' });
      const { violations } = await new AxeBuilder({ page }).analyze();
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n  ')}`);
      expect(found, `what axe finds on ${name}, ${size}, ${colorScheme}`).toEqual([]);
      const overhang = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overhang, `pixels by which ${name} is too wide`).toBeLessThanOrEqual(0);
    }
  }
}

/** Everything that the browser complains of: errors, and what the page's content security policy forbids. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return complaints;
}
