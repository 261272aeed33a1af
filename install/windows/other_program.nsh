; Tells whether the uninstall.exe of the chosen folder is another program's: it would be run, and replaced.

Function LookForOtherProgram  ; Out: $R8 = 1 if it is
  StrCpy $R8 0
  ${IfNot} ${FileExists} "$INSTDIR\uninstall.exe"
    Return
  ${EndIf}
  StrCpy $R1 ""  ; the name of its product, as VIAddVersionKey writes it
  System::Call 'version::GetFileVersionInfoSizeW(w "$INSTDIR\uninstall.exe", *i .r9) i .R2'
  ${If} $R2 > 0
    System::Call 'kernel32::GlobalAlloc(i 0x40, p R2) p .R3'
    System::Call 'version::GetFileVersionInfoW(w "$INSTDIR\uninstall.exe", i 0, i R2, p R3)'
    System::Call 'version::VerQueryValueW(p R3, w "\StringFileInfo\040904b0\ProductName", *p .R4, *i .r9) i .R5'
    ${If} $R5 <> 0
      System::Call 'kernel32::lstrcpynW(w .R1, p R4, i ${NSIS_MAX_STRLEN})'
    ${EndIf}
    System::Call 'kernel32::GlobalFree(p R3)'
  ${EndIf}
  ${If} $R1 != "traymon"
    StrCpy $R8 1
  ${EndIf}
FunctionEnd
