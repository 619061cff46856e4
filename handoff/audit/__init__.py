"""The escalation audit: from wherever a conversation stands, does asking for a person lead to one?"""
