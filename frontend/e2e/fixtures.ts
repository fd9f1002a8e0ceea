import { test as base } from '@playwright/test';
import { Shop } from './shop';
import { Stack, type Address } from './stack';

interface Fixtures {
  /** The path below which a reverse proxy offers `own`. */
  basePath: string;
  /** A stack that the test may break. */
  own: Stack;
  /** A shop at the stack that all tests share. */
  shop: Shop;
}

const shared = () => JSON.parse(process.env.DASHBOARD_STACK ?? '') as Address;

export const test = base.extend<Fixtures>({
  baseURL: ({ browserName: _ }, provide) => provide(shared().url),
  basePath: ['/', { option: true }],
  own: async ({ basePath }, provide) => {
    const stack = await Stack.start({ basePath });
    await provide(stack);
    await stack.close();
  },
  shop: async ({ browserName: _ }, provide) => {
    const shop = await Shop.open(shared());
    await provide(shop);
    await shop.close();
  },
});

export { expect } from '@playwright/test';
