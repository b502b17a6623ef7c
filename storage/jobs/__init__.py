"""Work handed out to several processes: jobs in the queue of Procrastinate, turns at hosts, who is at work.

On PostgreSQL only. A job is a hint that there is something to do, what is due stands in the columns of feeds and
entries: a job that is lost is made again at the next tick, and one too many finds nothing to do.
"""
