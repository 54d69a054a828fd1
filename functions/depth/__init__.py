"""POST a picture, receive the depth or the surface normals of its people."""
