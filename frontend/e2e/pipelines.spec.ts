import { expect, test } from './fixtures';
import { complaintsOf, look } from './look';

test('from nothing to a verified copy, by hand', async ({ page, shop }) => {
  const { server, name } = shop;
  await page.goto('/pipelines');
  await page.getByRole('button', { name: 'New pipeline' }).click();
  const pipeline = page.getByRole('dialog', { name: 'New pipeline' });
  await pipeline.getByLabel('Name').fill(name);

  await pipeline.getByRole('button', { name: 'New source' }).click();
  const source = page.getByRole('dialog', { name: 'New source' });
  await source.getByLabel('Name').fill(name);
  const { username, password, host, port, database } = server;
  const address = `${username}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
  await source.getByLabel('Connection URL').fill(`postgres://${address}?sslmode=disable`);
  await source.getByRole('button', { name: 'Create source' }).click();
  await expect(pipeline.getByRole('combobox', { name: 'Source' })).toHaveValue(name);

  await pipeline.getByRole('button', { name: 'New destination' }).click();
  const destination = page.getByRole('dialog', { name: 'New destination' });
  await destination.getByLabel('Name').fill(`${name} warehouse`);
  await destination.getByLabel('Host').fill(host);
  await destination.getByLabel('Port').fill(String(port));
  await destination.getByLabel('Database').fill(database);
  await destination.getByLabel('Schema').fill(`${name}_copy`);
  await destination.getByLabel('User').fill(username);
  await destination.getByLabel('Password').fill(password);
  await destination.getByRole('button', { name: 'Create destination' }).click();
  await expect(pipeline.getByRole('checkbox', { name: `${name} warehouse` })).toBeChecked();
  await pipeline.getByRole('button', { name: 'Create pipeline' }).click();

  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
  await expect(page.getByText('Nothing has been backfilled yet')).toBeVisible();
  await page.getByRole('button', { name: 'Create backfill' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Create backfill' });
  await dialog.getByRole('combobox', { name: 'Table' }).fill(`${name}.ord`);
  await page.getByRole('option', { name: 'orders' }).click();
  await dialog.getByRole('button', { name: 'Add filter' }).click();
  await dialog.getByRole('combobox', { name: 'Column of filter 1' }).fill('created');
  await page.getByRole('option', { name: 'created_at' }).click();
  await dialog.getByLabel(/^Value/).fill('2024-02-01');
  const preview = dialog.getByRole('region', { name: 'Preview' });
  await expect(preview.getByText(`"created_at" >= '2024-02-01'::date`).first()).toBeVisible();
  await expect(preview.getByText('CREATE TABLE').first()).toBeVisible();
  await expect(preview.getByRole('columnheader', { name: 'total' })).toBeVisible();
  await dialog.getByRole('button', { name: 'Create backfill' }).click();
  await expect(dialog).toBeHidden();

  const row = page.getByRole('row', { name: shop.table });
  await expect(row).toContainText('Completed');
  await expect(row).toContainText('Verified');
  await expect(row.getByRole('list', { name: 'Destinations' })).toContainText('Completed, verified');
  const [copied] = await shop.query(`SELECT count(*)::int AS rows FROM ${name}_copy.orders`);
  const [wanted] = await shop.query(
    `SELECT count(*)::int AS rows FROM ${shop.table} WHERE created_at >= '2024-02-01'`,
  );
  expect(copied).toEqual(wanted);
});

test('a backfill is created with the keyboard alone', async ({ page, shop }) => {
  const { id } = await shop.pipeline();
  await page.goto(`/pipelines/${id}`);
  await page.getByRole('button', { name: 'Create backfill' }).first().focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Create backfill' });
  await expect(dialog.getByRole('combobox', { name: 'Table' })).toBeFocused();
  await page.keyboard.type(shop.table);
  await expect(page.getByRole('option')).toHaveCount(1);
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('combobox', { name: 'Table' })).toHaveValue(shop.table);

  // On from the table to the button that adds a filter, and from there into the filter.
  const add = dialog.getByRole('button', { name: 'Add filter' });
  await page.keyboard.press('Tab');
  await expect(add).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await expect(dialog.getByRole('combobox', { name: 'Column of filter 1' })).toBeFocused();
  await page.keyboard.type('tot');
  await expect(page.getByRole('option')).toHaveCount(1);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(dialog.getByLabel('Condition')).toBeFocused();
  await page.keyboard.type('is more');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.type('97');
  await expect(dialog.getByText('"total" >').first()).toBeVisible();
  await page.keyboard.press('Control+Enter');
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('row', { name: shop.table })).toContainText('Completed');
});

test('what is wrong is said at its field, before anything is created', async ({ page, shop }) => {
  const { id } = await shop.pipeline();
  await page.goto(`/pipelines/${id}?create=1`);
  const dialog = page.getByRole('dialog', { name: 'Create backfill' });
  await dialog.getByRole('combobox', { name: 'Table' }).fill(shop.table);
  await page.getByRole('option').first().click();
  for (const [number, column] of ['total', 'id'].entries()) {
    await dialog.getByRole('button', { name: 'Add filter' }).click();
    await dialog.getByRole('combobox', { name: `Column of filter ${number + 1}` }).fill(column);
    await page.getByRole('option', { name: column }).first().click();
  }
  await dialog
    .getByLabel(/^Value/)
    .first()
    .fill('5');
  await expect(dialog.getByText('Fill in the filter')).toBeVisible();
  await dialog
    .getByLabel(/^Value/)
    .last()
    .fill('many');
  await expect(dialog.getByLabel(/^Value/).last()).toHaveAccessibleDescription(/does not fit column id/);
  await expect(dialog.getByLabel(/^Value/).first()).toHaveAccessibleDescription('');
  await dialog.getByRole('button', { name: 'Create backfill' }).click();
  await expect(dialog.getByLabel(/^Value/).last()).toHaveAccessibleDescription(/does not fit column id/);
  await look(page, 'backfill-refused');
  expect((await shop.rest.send<{ total: number }>('GET', `/pipelines/${id}/backfill`)).total).toBe(0);
});

test('a second job with the same filters is refused, and the dialog says so', async ({ page, shop }) => {
  const job = await shop.job({ rows_per_second: 500 });
  await page.goto(`/pipelines/${job.pipeline_id}?create=1&from=${job.id}`);
  const dialog = page.getByRole('dialog', { name: 'Create backfill' });
  await expect(dialog.getByRole('combobox', { name: 'Table' })).toHaveValue(shop.table);
  await dialog.getByRole('button', { name: 'Create backfill' }).click();
  await expect(dialog.getByRole('alert')).toContainText('active');
});

test('a job is created once more, by month', async ({ page, shop }) => {
  const job = await shop.job({
    filters: [{ column: 'total', operator: 'BETWEEN', value: ['1', '50'] }],
    columns: [{ name: 'id' }, { name: 'created_at', as: 'created' }],
    verification: 'count',
  });
  await page.goto(`/pipelines/${job.pipeline_id}?create=1&from=${job.id}`);
  const dialog = page.getByRole('dialog', { name: 'Create backfill' });
  await expect(dialog.getByLabel('From, numeric(10,2)')).toHaveValue('1');
  await expect(dialog.getByLabel('Name of created_at at the destinations')).toHaveValue('created');
  await dialog.getByRole('button', { name: /^Windows/ }).click();
  await dialog.getByText('One job for each window of time').click();
  await dialog.getByLabel('From', { exact: true }).fill('2024-01-01');
  await dialog.getByLabel('To, not included').fill('2024-04-01');
  await dialog.getByRole('button', { name: 'Create campaign' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('row', { name: shop.table })).toHaveCount(4);
});

test('pipelines, one of them, and its backfills', async ({ page, shop }) => {
  const complaints = complaintsOf(page);
  const job = await shop.job();
  await page.goto('/pipelines');
  await page.getByRole('searchbox').fill(shop.name);
  await expect(page.getByRole('link', { name: shop.name })).toBeVisible();
  await look(page, 'pipelines');
  await page.getByRole('link', { name: shop.name }).click();
  await expect(page.getByRole('row', { name: shop.table })).toContainText('Verified');
  await look(page, 'pipeline');
  await page.getByRole('tab', { name: 'Settings' }).click();
  await expect(page.getByText(`${shop.name} lake`).last()).toBeVisible();
  await look(page, 'pipeline-settings');
  await page.goto(`/pipelines/${job.pipeline_id}?create=1&from=${job.id}`);
  const preview = page.getByRole('region', { name: 'Preview' });
  await expect(preview.getByRole('columnheader', { name: 'total' })).toBeVisible();
  await look(page, 'backfill-form');
  expect(complaints).toEqual([]);
});

test('a pipeline without jobs', async ({ page, shop }) => {
  const { id } = await shop.pipeline();
  await page.goto(`/pipelines/${id}`);
  await expect(page.getByText('Nothing has been backfilled yet')).toBeVisible();
  await look(page, 'pipeline-new');
});
