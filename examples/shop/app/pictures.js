const shapes = {
  lamp: 'M9 4h6M10 4v3M14 4v3M8 7h8l1 11H7zM7 18h10v2H7zM12 10.5c-1.4 1.6-2 2.4-2 3.4a2 2 0 0 0 4 0c0-1-.6-1.8-2-3.4z',
  rope: 'M12 5c4.4 0 8 1.6 8 3.5S16.400 12 12 12 4 10.400 4 8.500 7.600 5 12 5zM4 8.500v7C4 17.400 7.600 19 12 19s8-1.600 8-3.500v-7M4 12c0 1.900 3.600 3.500 8 3.500s8-1.600 8-3.500',
  bell: 'M12 4v2M7 16c1-1.500 1-3 1-5a4 4 0 0 1 8 0c0 2 0 3.500 1 5zM6 16h12M10.500 18.500a1.500 1.500 0 0 0 3 0',
  chart: 'M4 6l5-2 6 2 5-2v14l-5 2-6-2-5 2zM9 4v14M15 6v14',
  crate: 'M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8',
  doorOpen: 'M5 21V10a7 7 0 0 1 14 0v11M8 21l5-2V8.500L8 10zM3 21h18',
  doorShut: 'M5 21V10a7 7 0 0 1 14 0v11zM12 3v18M10 12.500v2M14 12.500v2M3 21h18',
  shelf: 'M4 20V6l8-3 8 3v14M4 11h16M4 16h16M8 11v5M15 16v4M3 20h18',
}

/** A line drawing that says nothing to a screen reader; the words beside it do. */
export function picture(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  svg.setAttribute('class', 'picture')
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  path.setAttribute('d', shapes[name])
  svg.append(path)
  return svg
}
