"""④⑤ What the pipeline reports, and what follows from it."""
