"""Marigold's custom actions, one module per topic. rasa-sdk finds the action classes in every module by itself."""
