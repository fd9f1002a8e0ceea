import { expect, test } from './fixtures';
import { complaintsOf, look } from './look';

test('a destination of each type is made by hand', async ({ page, shop }) => {
  await page.goto('/destinations');
  const dialog = page.getByRole('dialog');
  const create = async () => {
    await dialog.getByRole('button', { name: 'Create destination' }).click();
    await expect(dialog).toBeHidden();
  };

  await page.getByRole('button', { name: 'New destination' }).click();
  await dialog.getByLabel('Name').fill(`${shop.name} warehouse`);
  await dialog.getByLabel('Host').fill(shop.server.host);
  await dialog.getByLabel('Port').fill(String(shop.server.port));
  await dialog.getByLabel('Database').fill(shop.server.database);
  await dialog.getByLabel('Schema').fill(`${shop.name}_copy`);
  await dialog.getByLabel('User').fill(shop.server.username);
  await dialog.getByLabel('Password').fill(shop.server.password);
  await dialog.getByRole('button', { name: 'Test' }).click();
  await expect(dialog.getByText('Ready')).toBeVisible();
  await create();

  await page.getByRole('button', { name: 'New destination' }).click();
  await dialog.getByRole('radio', { name: /^DuckDB/ }).click();
  await dialog.getByLabel('Name').fill(`${shop.name} file`);
  await dialog.getByLabel('File').fill(`/tmp/${shop.name}.duckdb`);
  await create();

  await page.getByRole('button', { name: 'New destination' }).click();
  await dialog.getByRole('radio', { name: /^Parquet/ }).click();
  await dialog.getByLabel('Name').fill(`${shop.name} lake`);
  await dialog.getByLabel('Folder').fill('not/absolute');
  await dialog.getByRole('button', { name: 'Create destination' }).click();
  await expect(dialog.getByLabel('Folder')).toHaveAccessibleDescription('must be an absolute path');
  await dialog.getByLabel('Folder').fill(`/tmp/${shop.name}`);
  await create();

  await page.getByRole('searchbox').fill(shop.name);
  await expect(page.getByRole('listitem').filter({ hasText: shop.name })).toHaveCount(3);
  await page.getByRole('button', { name: `Actions for ${shop.name} file` }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete destination' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: shop.name })).toHaveCount(2);
});

test('destinations, and the form for one', async ({ page, shop }) => {
  const complaints = complaintsOf(page);
  await shop.pipeline();
  await page.goto('/destinations');
  await expect(page.getByText(`${shop.name} lake`)).toBeVisible();
  await look(page, 'destinations');
  await page.getByRole('button', { name: 'New destination' }).click();
  await look(page, 'destination-form');
  expect(complaints).toEqual([]);
});
