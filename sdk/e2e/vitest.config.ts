import { defineConfig } from 'vitest/config'

export default defineConfig({
	test: {
		include: ['*.test.ts'],
		fileParallelism: false, // one house and one Chromium at a time
		testTimeout: 60_000,
		hookTimeout: 180_000,
	},
})
