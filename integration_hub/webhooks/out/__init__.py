"""The hub's own webhooks, as Standard Webhooks has them: what happens here is told to addresses that people entered.

`telling` writes events in the change's own transaction, `delivering` sends them under a lane of each address,
`services` is what people and programs may do.
"""
