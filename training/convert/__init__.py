"""From the pinned networks of others to the ONNX files in models/: read, translate, store small, describe."""
