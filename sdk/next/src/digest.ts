/** The one word that Next leaves of an error on its way from the server to error.tsx. */

/** The digest of the error that a page is left with when Gatehouse cannot be reached. */
export const unreachableDigest = 'GATEHOUSE_UNREACHABLE'
