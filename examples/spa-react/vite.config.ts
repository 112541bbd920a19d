/** Builds the frontend into dist; with `npm run dev` it stands before the Go program, and the browser sees one origin. */
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const program = { target: 'http://127.0.0.1:8080', changeOrigin: false } // it must see the host that the browser asked for

export default defineConfig({
	plugins: [react()],
	server: { port: 5173, strictPort: true, proxy: { '/id': program, '/api': program, '/dev': program } },
})
