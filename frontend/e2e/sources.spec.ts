import type { Locator, Page } from '@playwright/test';
import { expect, test } from './fixtures';
import { complaintsOf, look } from './look';
import type { Shop } from './shop';

/** Fills the form for a source with the shop's address. */
async function fillParts(dialog: Locator, { server }: Shop) {
  await dialog.getByText('In parts').click();
  await dialog.getByLabel('Host').fill(server.host);
  await dialog.getByLabel('Port').fill(String(server.port));
  await dialog.getByLabel('Database').fill(server.database);
  await dialog.getByLabel('User').fill(server.username);
  await dialog.getByLabel('Password').fill(server.password);
}

const row = (page: Page, name: string) => page.getByRole('listitem').filter({ hasText: name });

test('a source is tested before it is saved, looked into, changed and deleted', async ({ page, shop }) => {
  await page.goto('/sources');
  await page.getByRole('button', { name: 'New source' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Name')).toBeFocused();
  await fillParts(dialog, shop);
  await dialog.getByLabel('Database').fill('nowhere');
  await dialog.getByRole('button', { name: 'Test connection' }).click();
  await expect(dialog.getByText('database "nowhere" does not exist')).toBeVisible();
  await dialog.getByLabel('Database').fill(shop.server.database);
  await dialog.getByRole('button', { name: 'Test connection' }).click();
  await expect(dialog.getByText('Ready')).toBeVisible();
  await dialog.getByLabel('Name').fill(shop.name);
  await dialog.getByRole('button', { name: /^Limits/ }).click();
  await dialog.getByLabel('Jobs at the same time').fill('2');
  await dialog.getByRole('button', { name: 'Create source' }).click();
  await expect(dialog).toBeHidden();

  await page.getByRole('searchbox').fill(shop.name);
  await expect(row(page, shop.name)).toContainText('1 limit');
  await row(page, shop.name).getByRole('button', { name: 'Tables' }).click();
  await page.getByRole('searchbox', { name: 'Search tables' }).fill(`${shop.name}.`);
  await expect(page.getByRole('row', { name: `${shop.name}.orders` })).toContainText('20,000');
  await page.getByRole('button', { name: 'Close' }).click();

  await page.getByRole('button', { name: `Actions for ${shop.name}` }).click();
  await page.getByRole('menuitem', { name: 'Edit' }).click();
  await page.getByRole('button', { name: /^Limits/ }).click();
  await page.getByLabel('Jobs at the same time').fill('');
  // The password is not given out, and stays.
  await page.getByRole('button', { name: 'Test connection' }).click();
  await expect(page.getByText('Ready')).toBeVisible();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(row(page, shop.name)).not.toContainText('limit');

  await page.getByRole('button', { name: `Actions for ${shop.name}` }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete source' }).click();
  await expect(page.getByText('No source matches.')).toBeVisible();
});

test('a source in use is not deleted, and by what it is used is said', async ({ page, shop }) => {
  await shop.pipeline();
  await page.goto('/sources');
  await page.getByRole('button', { name: `Actions for ${shop.name}` }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete source' }).click();
  await expect(page.getByRole('alertdialog').getByRole('alert')).toContainText('is used by pipeline');
});

test('what is wrong with a source is said at its field', async ({ page }) => {
  await page.goto('/sources');
  await page.getByRole('button', { name: 'New source' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Connection URL').fill('mysql://somewhere');
  await dialog.getByRole('button', { name: 'Create source' }).click();
  await expect(dialog.getByLabel('Name')).toHaveAccessibleDescription('must not be empty');
  await expect(dialog.getByLabel('Connection URL')).toHaveAccessibleDescription(
    'must begin with postgres://, not mysql://',
  );
  await look(page, 'source-refused');
});

test('sources, and the form for one', async ({ page, shop }) => {
  const complaints = complaintsOf(page);
  await shop.pipeline();
  await page.goto('/sources');
  await row(page, shop.name).getByRole('button', { name: 'Test' }).click();
  await expect(row(page, shop.name).getByText('Ready')).toBeVisible();
  await look(page, 'sources');
  await page.getByRole('button', { name: `Actions for ${shop.name}` }).click();
  await page.getByRole('menuitem', { name: 'Edit' }).click();
  await page.getByRole('button', { name: /^Limits/ }).click();
  await page.getByRole('button', { name: 'Add quiet hours' }).click();
  await look(page, 'source-form');
  expect(complaints).toEqual([]);
});
