const channel = new BroadcastChannel('sallyport-session')

/** Tells the other tabs of the browser that somebody signed in or out in this one: they share the session. */
export function tellOtherTabs(): void {
  channel.postMessage('changed')
}

/** Hears of it from the others, also in the background; gives what ends that. */
export function onOtherTab(hear: () => void): () => void {
  channel.addEventListener('message', hear)
  return () => {
    channel.removeEventListener('message', hear)
  }
}
