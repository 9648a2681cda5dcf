"""Pictures the benches judge: generated light scenes, footage from a folder of your own."""
