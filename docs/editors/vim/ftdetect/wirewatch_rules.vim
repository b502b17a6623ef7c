" Rule files of wirewatch are *.rules, as are those of udev, ufw, Snort and others, so their text decides.

function! s:Detect() abort
  for l:line in getline(1, 500)
    if l:line =~# '^\%(topic\s\|let\s*@\)'
      set filetype=wirewatch_rules
      return
    endif
  endfor
endfunction

autocmd BufNewFile,BufRead,BufWritePost *.rules if &filetype !=# 'wirewatch_rules' | call s:Detect() | endif
