"""The agent desk: where people answer. It talks to the bridge over the agent-channel protocol only."""
