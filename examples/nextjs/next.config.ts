import type { NextConfig } from 'next'

const config: NextConfig = {
	poweredByHeader: false,
	// This folder is an application of its own inside of another repository.
	outputFileTracingRoot: import.meta.dirname,
	turbopack: { root: import.meta.dirname },
}

export default config
