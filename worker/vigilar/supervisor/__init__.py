"""The parent of all processes: starts them, restarts them, stops them in order.

It must outlive whatever crashes, so it imports a few small modules of the standard library and nothing heavy,
and no thread and no event loop runs in it.
"""
