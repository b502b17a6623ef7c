" The rule language of wirewatch; docs/reference/rules.md is its manual.

if exists('b:current_syntax')
  finish
endif
scriptencoding utf-8

let s:cpo = &cpoptions
set cpoptions&vim
syntax case match

" --- pieces ---

let s:name = '\%([[:alpha:]]\|[^\x01-\x7f]\)\%([[:alnum:]_-]\|[^\x01-\x7f]\)*'
" What no word of an expression holds.
let s:stop = '[:space:]()|,"^@“”„«»'
" A sign & is part of a word where it has no space or the like on either side, # where no space or line end follows.
let s:word = '\%([^' . s:stop . '&#]\|[^' . s:stop . '&]\@4<=&[^' . s:stop . '&]\@=\|#\%(\s\|$\)\@!\)'
let s:end = '\%($\|[' . s:stop . ']\|#\%(\s\|$\)\|&\%($\|[' . s:stop . '&]\)\)\@='
let s:fields = '\%(title\|body\|author\|source\|url\|lang\|section\):'
" What may follow the keyword of a line.
let s:after = '\ze\%([[:space:]="(“„«#@]\|$\)'
" An attribute goes on where a line is indented more deeply, or says nothing.
let s:until = 'end=/^\%(\z1\s\+\S\|\s*$\|\s*#\%(\s\|$\)\)\@!/me=s-1'

function! s:Match(group, pattern) abort
  execute 'syntax match wirewatchRules' . a:group . ' /' . escape(a:pattern, '/') . '/ contained'
endfunction

function! s:Attribute(group, keywords, contains) abort
  execute 'syntax region wirewatchRules' . a:group . ' matchgroup=wirewatchRulesAttribute'
        \ 'start=/^\z(\s\+\)\%(' . a:keywords . '\)' . s:after . '/' s:until 'keepend contains=' . a:contains
endfunction

" --- expressions; of two that match at one place, Vim takes the later one ---

execute 'syntax match wirewatchRulesWord /' . s:word . '\+/ contained contains=wirewatchRulesExact,wirewatchRulesSign'
call s:Match('Exact', s:word . '\@4<!=')
call s:Match('Sign', '[*?]\|\~' . s:end)
call s:Match('Error', s:name . ':\%(//\)\@!')
call s:Match('Field', s:fields)
call s:Match('Error', s:fields . '\ze\%([[:space:])|,^&]\|$\)')
call s:Match('Doubtful', '\%(and\|or\|not\|\c\%(near\|before\|atleast\|any\|score\)/[0-9]\+\)' . s:end)
call s:Match('Error', '\C\%(NEAR\|BEFORE\|ATLEAST\|ANY\|SCORE\)\%(/' . s:word . '*\)\=' . s:end)
call s:Match('Operator', '\%(AND\|OR\|NOT\)' . s:end)
call s:Match('Operator', '\%(NEAR\|BEFORE\)/[0-9]\{1,6}' . s:end)
call s:Match('Operator', '\%(ATLEAST\|ANY\|SCORE\)/\%([0-9]\{1,6}' . s:end . '\)\@=0*[1-9][0-9]*')
call s:Match('Operator', '[|&]')
call s:Match('Operator', '\%([^[:space:](]\)\@4<!-[^[:space:])|,^&-]\@=')
call s:Match('Bracket', '[(),]')
call s:Match('Number', '\^-\=[0-9]\{1,6}[^[:space:])(|,]\@!')
call s:Match('Macro', '@' . s:name)
call s:Match('MacroName', '\%(^let\s*\)\@<=@' . s:name)
call s:Match('Assignment', '\%(^let\s*@' . s:name . '\s*\)\@<==')
call s:Match('Regex', '/\%([^/\\]\|\\.\)\+/i\=[^[:space:])|,^&]\@!')

" Quotes: what opens, what closes.
for [s:open, s:close] in [['"', '"'], ['“', '”'], ['„', '“”'], ['«', '»']]
  let s:text = s:open . '\%(\\"\|[^' . s:close . ']\)*'
  call s:Match('Error', '=\=' . s:text . '$')
  execute 'syntax match wirewatchRulesPhrase /=\=' . s:text . '[' . s:close . ']/ contained'
        \ 'contains=wirewatchRulesPhraseExact,wirewatchRulesEscape,wirewatchRulesStar,wirewatchRulesPhraseSign'
  execute 'syntax match wirewatchRulesText /' . s:text . '[' . s:close . ']/ contained contains=wirewatchRulesEscape'
  call s:Match('TextError', s:text . '$')
endfor
call s:Match('PhraseExact', '=\ze["“„«]')
call s:Match('PhraseSign', '[*?]\+')
call s:Match('Star', '[^[:space:]*?"“”„«»]\@4<=\*\ze\s*["“”»]')
call s:Match('Escape', '\\"')

syntax match wirewatchRulesComment /#\%(\s.*\)\=$/

syntax cluster wirewatchRulesExpression contains=wirewatchRulesWord,wirewatchRulesField,wirewatchRulesDoubtful,
      \wirewatchRulesError,wirewatchRulesOperator,wirewatchRulesBracket,wirewatchRulesNumber,wirewatchRulesMacro,
      \wirewatchRulesMacroName,wirewatchRulesAssignment,wirewatchRulesRegex,wirewatchRulesPhrase,wirewatchRulesComment

" --- lines ---

syntax match wirewatchRulesUnknown /^[^[:space:]#]\S*\|^#\S\+\|^\s\+\%(#\%(\s\|$\)\)\@!\S\+/

execute 'syntax region wirewatchRulesLet matchgroup=wirewatchRulesStatement start=/^let' . s:after . '/'
      \ 'end=/^\%([^[:space:]#]\|#\S\)\@=/me=s-1 keepend contains=@wirewatchRulesExpression'
execute 'syntax region wirewatchRulesTopic matchgroup=wirewatchRulesStatement start=/^topic' . s:after . '/ end=/$/'
      \ 'keepend contains=wirewatchRulesTopicName,wirewatchRulesText,wirewatchRulesTextError,wirewatchRulesComment'
call s:Match('TopicName', '\%(^topic\s\+\)\@<=' . s:name . '\%(\s\|$\)\@=')

call s:Attribute('Expression', 'match\|not', '@wirewatchRulesExpression')
call s:Attribute('List', 'tags\|lang', 'wirewatchRulesItem,wirewatchRulesComma,wirewatchRulesComment')
call s:Attribute('Priority', 'priority', 'wirewatchRulesNumber,wirewatchRulesPriorityNumber,wirewatchRulesComment')
call s:Attribute('Test', 'test', 'wirewatchRulesVerdict,wirewatchRulesText,wirewatchRulesTextError,wirewatchRulesComment')
call s:Match('Item', '[^[:space:],#][^[:space:],]*')
call s:Match('Comma', ',')
call s:Match('PriorityNumber', '\S\@1<!\d\{1,6}\S\@!')
call s:Match('Verdict', '\S\@1<!\%(yes\|no\)\w\@!')

syntax sync fromstart

" --- colours ---

for [s:group, s:like] in items({
      \ 'Comment': 'Comment', 'Statement': 'Statement', 'Attribute': 'Keyword', 'TopicName': 'Type',
      \ 'MacroName': 'Function', 'Macro': 'Identifier', 'Assignment': 'Operator', 'Operator': 'Operator',
      \ 'Bracket': 'Delimiter', 'Comma': 'Delimiter', 'Number': 'Number', 'PriorityNumber': 'Number',
      \ 'Field': 'Type', 'Exact': 'Special', 'PhraseExact': 'Special', 'Sign': 'Special', 'Star': 'Special',
      \ 'Phrase': 'String', 'Text': 'String', 'Escape': 'SpecialChar', 'Regex': 'PreProc', 'Item': 'Constant',
      \ 'Verdict': 'Boolean', 'Doubtful': 'Todo', 'Error': 'Error', 'TextError': 'Error', 'PhraseSign': 'Error',
      \ 'Unknown': 'Error'})
  execute 'highlight default link wirewatchRules' . s:group s:like
endfor

let b:current_syntax = 'wirewatch_rules'
let &cpoptions = s:cpo
unlet s:cpo
