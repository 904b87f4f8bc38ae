import { lazyRouteComponent } from '@tanstack/react-router'

import { lazyPart } from './api/lazy-part.ts'

/** Makes a page that is loaded when it is visited; when it does not come, that is said in its place. */
export const lazyPage: typeof lazyRouteComponent = (load, name) => lazyRouteComponent(() => lazyPart(load), name)
