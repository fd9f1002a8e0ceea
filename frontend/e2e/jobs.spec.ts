import { expect, test } from './fixtures';

test('a job is seen to begin and to finish, without a reload', async ({ page, shop }) => {
  await page.goto(`/jobs?search=${shop.name}`);
  await expect(page.getByText('No job is like that')).toBeVisible();
  const job = await shop.job({ rows_per_second: 10_000 });
  const row = page.getByRole('row', { name: job.table_name });
  await expect(row.getByText('Executing')).toBeVisible();
  await expect(row.getByText('Completed')).toBeVisible();
  await expect(row.getByText('Verified')).toBeVisible();
});

test('a running job is paused, resumed and finished', async ({ page, shop }) => {
  const job = await shop.job({ rows_per_second: 3000 });
  await page.goto(`/jobs/${job.id}`);
  const heading = page.getByRole('heading', { name: job.table_name });
  await expect(heading).toContainText('Executing');
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(heading).toContainText('Paused');
  expect((await shop.rest.job(job.id)).status).toBe('PAUSED');

  await shop.rest.send('PATCH', `/backfill/${job.id}`, { rows_per_second: null });
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(heading).toContainText('Completed');
  await expect(page.getByText('Verified', { exact: true })).toHaveCount(2);
  const [copied] = await shop.query(`SELECT count(*)::int AS rows FROM ${shop.name}_copy.orders`);
  expect(copied).toEqual({ rows: 20_000 });
});

test('a job is cancelled mid-run, once somebody has said that they mean it', async ({ page, shop }) => {
  const job = await shop.job({ rows_per_second: 1000 });
  await page.goto(`/jobs/${job.id}`);
  const heading = page.getByRole('heading', { name: job.table_name });
  await expect(heading).toContainText('Executing');

  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Keep it as it is' }).click();
  expect((await shop.rest.job(job.id)).cancel_requested_at).toBeNull();

  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: `Cancel job ${job.id}` }).click();
  await expect(heading).toContainText('Cancelled');
  expect((await shop.rest.job(job.id)).status).toBe('CANCELLED');
});

test('what the API refuses is taken back, and said', async ({ page, shop }) => {
  const job = await shop.job({ rows_per_second: 1000 });
  await page.goto(`/jobs/${job.id}`);
  const heading = page.getByRole('heading', { name: job.table_name });
  await expect(heading).toContainText('Executing');
  await page.route('**/pause', (route) =>
    route.fulfill({
      status: 409,
      contentType: 'application/problem+json',
      json: { type: '/problems/conflict', title: 'Not now', status: 409, detail: 'It is being cancelled.' },
    }),
  );
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByRole('region', { name: 'Notifications' })).toContainText('It is being cancelled.');
  await expect(heading).not.toContainText('stopping');
});

test('a job is deleted from the list', async ({ page, shop }) => {
  const job = await shop.job();
  await page.goto(`/jobs?search=${shop.name}&status=COMPLETED`);
  await page.getByRole('button', { name: `Actions for job ${job.id}` }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('button', { name: `Delete job ${job.id}` }).click();
  await expect(page.getByText('No job is like that')).toBeVisible();
  // It goes from the list before the API has answered.
  await expect(() => expect(shop.rest.job(job.id)).rejects.toThrow('404')).toPass();
});

test('what is searched for stands in the address, and comes back with it', async ({ page, shop }) => {
  const job = await shop.job();
  await page.goto('/jobs');
  await page.getByRole('searchbox').fill(shop.name);
  await page.getByRole('button', { name: 'Completed' }).click();
  await page.getByLabel('Pipeline', { exact: true }).selectOption({ label: shop.name });
  await expect(page).toHaveURL(/pipeline=\d+/);
  expect(new URL(page.url()).searchParams.get('status')).toBe('COMPLETED');
  expect(new URL(page.url()).searchParams.get('search')).toBe(shop.name);
  await expect(page.getByRole('row', { name: job.table_name })).toBeVisible();

  await page.reload();
  await expect(page.getByRole('searchbox')).toHaveValue(shop.name);
  await expect(page.getByRole('button', { name: 'Completed' })).toHaveAttribute('aria-pressed', 'true');
  await page.getByRole('button', { name: 'Failed' }).click();
  await page.getByRole('button', { name: 'Completed' }).click();
  await expect(page.getByText('No job is like that')).toBeVisible();
});

test('a job is opened and paused with the keyboard alone', async ({ page, shop }) => {
  const job = await shop.job({ rows_per_second: 200 });
  await page.goto(`/jobs?search=${shop.name}`);
  await page.getByRole('link', { name: job.table_name }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: job.table_name })).toContainText('Executing');
  for (let steps = 0; steps < 12; steps += 1) {
    await page.keyboard.press('Tab');
    if (await page.locator(':focus').evaluate((element) => element.textContent === 'Pause')) break;
  }
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: job.table_name })).toContainText('Paused');
});
