; Reads the options of the command line as Windows splits it. NSIS's own GetOptions takes an apostrophe
; for a quotation mark, and a folder may well be called "Jörg's".

!macro OPTION un
Function ${un}Option  ; In: $R0 = its beginning, as "/ENV=". Out: $R1 = 1 if given, $R2 = the rest
  StrCpy $R1 0
  StrCpy $R2 ""
  StrLen $R3 $R0
  System::Call 'kernel32::GetCommandLineW() p .R4'
  System::Call 'shell32::CommandLineToArgvW(p R4, *i .R5) p .R4'
  IntOp $R5 $R5 - 1
  ${For} $R6 1 $R5  ; the program comes first
    IntOp $R7 $R6 * ${NSIS_PTR_SIZE}
    IntPtrOp $R7 $R4 + $R7
    System::Call '*$R7(p .R7)'
    System::Call 'kernel32::lstrcpynW(w .R8, p R7, i ${NSIS_MAX_STRLEN})'
    StrCpy $R7 $R8 $R3
    ${If} $R7 == $R0  ; does not mind upper and lower case
      StrCpy $R1 1
      StrCpy $R2 $R8 "" $R3
    ${EndIf}
  ${Next}
  System::Call 'kernel32::LocalFree(p R4)'
FunctionEnd
!macroend
!insertmacro OPTION ""
!insertmacro OPTION "un."

!macro READ_OPTION un BEGINNING
  StrCpy $R0 "${BEGINNING}"
  Call ${un}Option
!macroend
