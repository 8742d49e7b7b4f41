"""What every room stands on: time, ids, errors, events, text and secrets; standard library only."""
