"""A stand-in of api.bgm.tv and of bgm.tv's OAuth, at one address."""
