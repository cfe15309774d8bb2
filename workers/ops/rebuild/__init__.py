"""A graph that is lost or spoiled, folded again from the topics into an empty one, while the live fleet goes on.

It folds with the workers' own code: decoder, rules, fold, statements, watermarks. It takes exactly the records that the
live groups have committed, in the same order, and leaves out those that became dead letters. So it sends nothing, joins
no group, runs no job and serves no metrics; and a worker that starts with the new graph goes on where its group stands.
"""
