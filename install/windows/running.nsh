; Ends a traymon that runs from our folder, with or without a window, before its files change.

Var WasRunning  ; 1: one was ended

!macro LOOK_AT PROGRAM  ; Windows lets nobody write to a program that runs
  ${If} ${FileExists} "$INSTDIR\${PROGRAM}"
    ClearErrors
    FileOpen $R9 "$INSTDIR\${PROGRAM}" a
    ${If} ${Errors}
      StrCpy $R8 1
    ${Else}
      FileClose $R9
    ${EndIf}
  ${EndIf}
!macroend

!macro END_RUNNING un
Function ${un}LookForRunning  ; Out: $R8 = 1 if one of our programs runs
  StrCpy $R8 0
  !insertmacro LOOK_AT "traymon.exe"
  !insertmacro LOOK_AT "traymon-tray.exe"
  ClearErrors
FunctionEnd

Function ${un}EndRunning
again:
  Call ${un}LookForRunning
  ${If} $R8 == 0
    Return
  ${EndIf}
  StrCpy $WasRunning 1
  DetailPrint "Ending the traymon that runs"
  nsExec::ExecToStack '"$INSTDIR\traymon.exe" quit'
  Pop $R0  ; its exit code
  Pop $R1  ; what it said
  ${For} $8 1 60  ; quarters of a second
    Call ${un}LookForRunning
    ${If} $R8 == 0
      Return
    ${EndIf}
    Sleep 250
  ${Next}
  MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "traymon, or one of its commands, is still running from $INSTDIR. End it, then try again.$\r$\n$\r$\n$R1" /SD IDCANCEL IDRETRY again
  SetErrorLevel 2
  Abort "traymon is still running. Nothing was changed."
FunctionEnd
!macroend
!insertmacro END_RUNNING ""
!insertmacro END_RUNNING "un."
