// The folders of the packages that are published.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const { workspaces } = JSON.parse(readFileSync('package.json', 'utf8'))

/** Whether a member is published: it is not private, and has a source. */
const published = folder => !JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).private && existsSync(join(folder, 'src'))

export const folders = workspaces.filter(published)
