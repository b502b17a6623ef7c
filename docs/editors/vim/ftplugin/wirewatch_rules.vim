" Rule files of wirewatch: comments, indents, and :make, which fills the quickfix list from `wirewatch rules check`.

if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal comments=:# commentstring=#\ %s expandtab shiftwidth=4
compiler wirewatch_rules

let b:undo_ftplugin = 'setlocal comments< commentstring< expandtab< shiftwidth< makeprg< errorformat<'
