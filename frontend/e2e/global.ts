import { Stack } from './stack';

/** One stack for the whole run, which all tests share that do not need to break it. */
export default async function setUp() {
  const stack = await Stack.start();
  process.env.DASHBOARD_STACK = JSON.stringify(stack.address);
  return () => stack.close();
}
