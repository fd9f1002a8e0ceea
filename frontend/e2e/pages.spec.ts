import { expect, test } from './fixtures';
import { complaintsOf, look } from './look';

test('the overview', async ({ page, shop }) => {
  const complaints = complaintsOf(page);
  const job = await shop.job({ rows_per_second: 1000 });
  await page.goto('/');
  await expect(page.getByRole('link', { name: job.table_name })).toBeVisible();
  await look(page, 'overview');
  expect(complaints).toEqual([]);
});

test('the overview of a new installation', async ({ page, own }) => {
  await page.goto(own.address.url);
  await expect(page.getByText('From a table to its copy')).toBeVisible();
  await look(page, 'overview-new');
});

test('the jobs', async ({ page, shop }) => {
  const complaints = complaintsOf(page);
  const job = await shop.job();
  await page.goto(`/jobs?search=${shop.name}`);
  await expect(page.getByRole('row', { name: job.table_name }).getByText('Completed')).toBeVisible();
  await look(page, 'jobs');
  expect(complaints).toEqual([]);
});

test('no jobs', async ({ page }) => {
  await page.goto('/jobs?search=there-is-none');
  await expect(page.getByText('No job is like that')).toBeVisible();
  await look(page, 'jobs-none');
});

test('a job that runs', async ({ page, shop }) => {
  const complaints = complaintsOf(page);
  const job = await shop.job({
    rows_per_second: 1000,
    filters: [{ column: 'created_at', operator: '>=', value: '2024-01-15' }],
  });
  await page.goto(`/jobs/${job.id}`);
  await expect(page.getByRole('heading', { name: job.table_name })).toContainText('Executing');
  await look(page, 'job-running');
  expect(complaints).toEqual([]);
});

test('a job that failed', async ({ page, shop }) => {
  await shop.query(`CREATE TABLE ${shop.name}_copy.orders (id bigint PRIMARY KEY)`);
  const job = await shop.job();
  await page.goto(`/jobs/${job.id}`);
  await expect(page.getByRole('region', { name: 'It failed' })).toContainText('Add the column');
  await look(page, 'job-failed');
});

test('a page that does not exist', async ({ page }) => {
  await page.goto('/jobs/none');
  await expect(page.getByText('There is no such page')).toBeVisible();
  await look(page, 'not-found');
});
