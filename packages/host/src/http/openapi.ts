/** What the two ports answer, as OpenAPI 3.1. */
export const openApi = {
  openapi: '3.1.0',
  info: { title: 'Warmslot host', version: '1' },
  paths: {},
} as const
