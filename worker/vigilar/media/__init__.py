"""Streams and files of audio and video, on PyAV: opening, packets, MP4 and MPEG-TS, decoding on demand.

Everything PyAV raises is translated here (`errors.py`): its texts carry the URL with its password.
"""
