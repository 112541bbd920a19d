/** The test drives Chromium against the program as it is started, so it needs both built once. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
	test: {
		dir: 'test',
		globalSetup: 'test/program.ts',
		fileParallelism: false, // one Chromium at a time
		testTimeout: 60_000,
		hookTimeout: 60_000,
	},
})
