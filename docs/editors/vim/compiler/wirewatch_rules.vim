" `wirewatch rules check` as the compiler of rule files.

if exists('current_compiler')
  finish
endif
let current_compiler = 'wirewatch_rules'

" Problems name a file as it is called in the rules folder, which is that of the file being edited; the configuration
" is the folder above it. Columns count characters (%v), not bytes (%c).
CompilerSet makeprg=(echo\ Entering\ directory\ %:p:h:S\ &&\ wirewatch\ --config\ %:p:h:h:S\ rules\ check)
CompilerSet errorformat=%DEntering\ directory\ %f,%f:%l:%v:\ %t%n\ %m,%f:%l:%v:\ TEST\ %m,%-G%.%#
