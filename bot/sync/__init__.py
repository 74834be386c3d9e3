"""From card transaction to posting: fetch, map, post exactly once, settle, prove."""
