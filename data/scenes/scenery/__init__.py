"""Parts of the procedural photo renderer; `data.scenes` is the entry."""
