import { query } from '../../deploy/dev/postgres.mjs';
import { expect, test } from './fixtures';
import { Shop } from './shop';

test('the API is lost and comes back: the page says so, and shows what happened meanwhile', async ({
  page,
  own,
}) => {
  const shop = await Shop.open(own.address);
  const job = await shop.job({ rows_per_second: 4000 });
  await page.goto(`${own.address.url}/jobs/${job.id}`);
  await expect(page.getByText('Live', { exact: true }).filter({ visible: true })).toBeVisible();
  // The stream may be there before the job is.
  await expect(page.getByRole('heading', { name: job.table_name })).toBeVisible();

  await own.stopApi();
  await expect(page.getByRole('alert')).toContainText('The API does not answer');
  await expect(page.getByRole('heading', { name: job.table_name })).toBeVisible();

  await own.startApi();
  await expect(page.getByRole('alert')).toBeHidden();
  await expect(page.getByRole('heading', { name: job.table_name })).toContainText('Completed');
  await expect(page.getByText('Live', { exact: true }).filter({ visible: true })).toBeVisible({
    timeout: 40_000,
  });
  await shop.close();
});

test('the page keeps up by polling where a proxy lets no stream through', async ({ page, shop }) => {
  await page.route('**/api/v1/events', (route) => route.abort());
  await page.goto(`/jobs?search=${shop.name}`);
  await expect(page.getByText('Polling', { exact: true }).filter({ visible: true })).toBeVisible();
  const job = await shop.job();
  await expect(page.getByRole('row', { name: job.table_name }).getByText('Completed')).toBeVisible();
});

test('it is said that no daemon is there while jobs wait', async ({ page, own }) => {
  await own.stopDaemon();
  await query(own.address.metadata, `UPDATE backfill_workers SET heartbeat_at = now() - interval '1 hour'`);
  const shop = await Shop.open(own.address, 10);
  await shop.job();
  await page.goto(own.address.url);
  await expect(page.getByRole('alert')).toContainText('No daemon is alive');
  own.startDaemon();
  await expect(page.getByRole('alert')).toBeHidden({ timeout: 30_000 });
  await shop.close();
});

test('ten thousand jobs are one list, of which little is fetched and drawn', async ({ page, own }) => {
  const shop = await Shop.open(own.address, 10);
  const { pipeline_id, source_id } = await shop.job();
  await query(
    own.address.metadata,
    `INSERT INTO queue_backfill_data (pipeline_id, source_id, table_name, write_mode, status, count_record, total_record)
     SELECT ${pipeline_id}, ${source_id}, 'public.table_' || g, 'append', 'COMPLETED', g, g FROM generate_series(1, 10000) g`,
  );
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/v1/backfill?')) asked.push(request.url());
  });
  await page.goto(`${own.address.url}/jobs?sort=created_at`);
  await expect(page.getByRole('table')).toHaveAttribute('aria-rowcount', '10002');
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  await expect(page.getByRole('row', { name: 'public.table_10000' })).toBeVisible();
  expect(await page.getByRole('row').count()).toBeLessThan(60);
  expect(asked.length).toBeLessThan(12);
  await shop.close();
});

test.describe('a proxy', () => {
  test.use({ basePath: '/tools/backfill' });
  test('a reverse proxy offers it below a path', async ({ page, own }) => {
    const { url } = own.address;
    // The proxy, which strips the path off.
    await page.route(`${url}/**`, async (route) => {
      const path = route.request().url().slice(url.length);
      if (!path.startsWith('/tools/backfill/') || path.endsWith('/events')) return route.abort();
      await route.fulfill({
        response: await route.fetch({ url: url + path.slice('/tools/backfill'.length) }),
      });
    });
    await page.goto(`${url}/tools/backfill/jobs?search=x`);
    await expect(page.getByText('No job is like that')).toBeVisible();
    await page.getByRole('link', { name: 'Overview' }).first().click();
    await expect(page).toHaveURL(`${url}/tools/backfill/`);
    await expect(page.getByText('From a table to its copy')).toBeVisible();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });
});
