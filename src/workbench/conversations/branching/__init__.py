"""The tree of messages: places, branches, copies of them."""
