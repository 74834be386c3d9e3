"""The Sage Intacct XML gateway.

client     the company's client: what the rest of the bot calls
records    what we send and read            errors     what can go wrong, by what to do next
batches    what became of each posting      query      filters
----------------------------------------------------------------------------------------------
sessions   signed in, once per entity       wire       one request, one answer
allowance  how many requests at once        calls      one builder for each call
envelope   the document around the calls    text       texts, amounts and days on the wire
answers    from bytes to results            reading    from results to records
"""
