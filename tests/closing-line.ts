/**
 * Ends a test run with one plain line, `N passed, N failed, N skipped`, so that whoever reads only the last line of a log knows. What
 * fails outside a test (a file that does not load, an error that nobody awaited, a check before the tests) counts as failed.
 */
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      let failedTests = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state]++;
        if (state === 'failed') failedTests++;
      }
      if (module.state() === 'failed' && failedTests === 0) count.failed++;
    }
    const checks = (process.env.PENSTOCK_FAILED_CHECKS ?? '').split(' ').filter((name) => name !== '');
    if (checks.length > 0) console.log(`Failed before the tests: ${checks.join(', ')}`);
    const failed = count.failed + errors.length + checks.length;
    console.log(`${count.passed} passed, ${failed} failed, ${count.skipped + count.pending} skipped`);
  }
}
