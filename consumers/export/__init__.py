"""Exports for process mining: what happened, and to which objects, in forms that analysts' tools read; no names."""
