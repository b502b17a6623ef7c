" Rule files of wirewatch: comments, indents, and :make, which fills the quickfix list from `wirewatch rules check`.

" b:did_ftplugin is not asked: Vim takes *.rules for files of Snort first, whose plugin leaves it set.
let b:did_ftplugin = 1

setlocal comments=:# commentstring=#\ %s expandtab shiftwidth=4
compiler wirewatch_rules

let b:undo_ftplugin = 'setlocal comments< commentstring< expandtab< shiftwidth< makeprg< errorformat<'
