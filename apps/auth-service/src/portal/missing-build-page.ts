/** The page in the place of a portal that was not built. */
export const MISSING_BUILD_PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Sallyport</title></head>
<body><main><h1>The portal is not there yet</h1>
<p>This service runs, but the pages of its portal were not built. Whoever operates it builds them with
<code>npm run build</code>, or names their directory in <code>AUTH_PORTAL_DIRECTORY</code>, and starts the service again.</p>
</main></body>
</html>
`
