"""The bridge: who has the floor, what came in, what goes out, and the way to people and back."""
