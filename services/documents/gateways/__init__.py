"""What documents reaches outside itself: the object store, clamd, and the inspector of untrusted files."""
