import type { DestinationTest } from '@/api/types';
import { TestResult } from '@/components/connections/TestResult';

export function DestinationTestResult({ test }: { test: DestinationTest }) {
  return (
    <TestResult reachable={test.reachable} missing={test.missing}>
      {test.version && `PostgreSQL ${test.version}`}
    </TestResult>
  );
}
