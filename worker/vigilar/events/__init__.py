"""What happened: taken in from the other processes, kept, told on; and how the worker is doing."""
