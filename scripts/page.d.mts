/** Builds the page where it is missing or stale. @throws SetupError when it cannot be built */
export function ensurePage(): void;
