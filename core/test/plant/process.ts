// Named by plant.yaml beside it; the loader's test needs only that it is there.
export {};
