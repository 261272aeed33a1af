; Adds the folder to the user's PATH, or takes it out again; nothing else in it changes.
;
; NSIS's own strings end at 1024 characters, and a PATH is often longer: ReadRegStr would cut it and
; write the rest away. So it stays in memory that Windows gives. What cannot be read, or is no text, is
; left as it is. In: $0 = 1 add, 0 remove. Out: $R1 = 0, or the number of Windows' error.
; In System::Call, r8 is NSIS's $8 and R8 is $R8.

!macro CHANGE_PATH un
Function ${un}ChangePath
  StrCpy $R5 0
  StrCpy $R6 0
  System::Call 'advapi32::RegCreateKeyExW(p 0x80000001, w "Environment", i 0, p 0, i 0, i 0x20019|0x20006, p 0, *p .R0, *i .r9) i .R1'
  ${If} $R1 <> 0
    Return
  ${EndIf}
  System::Call 'advapi32::RegQueryValueExW(p R0, w "Path", p 0, *i .R2, p 0, *i 0 R3) i .R1'
  ${If} $R1 == 2                                      ; ERROR_FILE_NOT_FOUND: there is none
    StrCpy $R2 2                                      ; its kind: REG_EXPAND_SZ
    StrCpy $R3 0
  ${ElseIf} $R1 <> 0
    Goto done
  ${ElseIf} $R2 <> 1                                  ; REG_SZ
  ${AndIf} $R2 <> 2
    StrCpy $R1 13                                     ; ERROR_INVALID_DATA
    Goto done
  ${EndIf}
  IntOp $R4 $R3 + 4096                                ; bytes: the old one, ours, marks and ends
  System::Call 'kernel32::GlobalAlloc(i 0x40, p R4) p .R5'   ; ";" old ";"
  System::Call 'kernel32::GlobalAlloc(i 0x40, p R4) p .R6'   ; what is written
  System::Call 'kernel32::lstrcpyW(p R5, w ";")'
  IntPtrOp $R7 $R5 + 2
  StrCpy $R1 0
  ${If} $R3 > 0
    System::Call 'advapi32::RegQueryValueExW(p R0, w "Path", p 0, *i .r9, p R7, *i R3 r9) i .R1'
    ${If} $R1 <> 0                                    ; it has become longer since
      Goto done
    ${EndIf}
  ${EndIf}
  System::Call 'kernel32::lstrcatW(p R5, w ";")'
  System::Call 'shlwapi::StrStrIW(p R5, w ";$INSTDIR;") p .R8'
  ${If} $0 == 1
  ${AndIf} $R8 P= 0
    System::Call 'kernel32::lstrcpyW(p R6, p R7)'     ; old ";"
    System::Call 'kernel32::lstrlenW(p R7) i .r8'
    ${If} $8 == 1                                    ; there was none: no empty part
      System::Call 'kernel32::lstrcpyW(p R6, w "")'
    ${Else}
      IntPtrOp $8 $8 - 2                            ; the old one's own ";" at its end
      IntPtrOp $8 $8 * 2
      IntPtrOp $8 $R7 + $8
      System::Call '*$8(&i2 .r7)'
      ${If} $7 == 59
        IntPtrOp $8 $8 - $R7
        IntPtrOp $8 $R6 + $8
        System::Call '*$8(&i2 0)'
        System::Call 'kernel32::lstrcatW(p R6, w ";")'
      ${EndIf}
    ${EndIf}
    System::Call 'kernel32::lstrcatW(p R6, w "$INSTDIR")'
  ${ElseIf} $0 == 0
  ${AndIf} $R8 P<> 0
    StrLen $8 "$INSTDIR;"                            ; what follows ours
    IntPtrOp $8 $8 * 2
    IntPtrOp $8 $R8 + $8
    System::Call '*$R8(&i2 0)'                        ; cut before ours
    IntPtrOp $8 $8 + 2
    System::Call 'kernel32::lstrlenW(p r8) i .r7'     ; with the last ";"
    ${If} $R8 P> $R5
      System::Call 'kernel32::lstrcpyW(p R6, p R7)'
      ${If} $7 > 0
        System::Call 'kernel32::lstrcatW(p R6, w ";")'
      ${EndIf}
    ${EndIf}
    System::Call 'kernel32::lstrcatW(p R6, p r8)'
    ${If} $7 > 0                                     ; the ";" that was put there
      System::Call 'kernel32::lstrlenW(p R6) i .r7'
      IntPtrOp $7 $7 - 1
      IntPtrOp $7 $7 * 2
      IntPtrOp $7 $R6 + $7
      System::Call '*$7(&i2 0)'
    ${EndIf}
  ${Else}
    Goto done                                         ; nothing to change
  ${EndIf}
  System::Call 'kernel32::lstrlenW(p R6) i .r7'
  ${If} $7 == 0
    System::Call 'advapi32::RegDeleteValueW(p R0, w "Path") i .R1'
  ${Else}
    IntOp $7 $7 + 1
    IntOp $7 $7 * 2
    System::Call 'advapi32::RegSetValueExW(p R0, w "Path", i 0, i R2, p R6, i r7) i .R1'
  ${EndIf}
  ; consoles that are started from now on know it
  System::Call 'user32::SendMessageTimeoutW(p 0xffff, i 0x1A, p 0, w "Environment", i 2, i 5000, *p .r9)'
done:
  System::Call 'kernel32::GlobalFree(p R5)'
  System::Call 'kernel32::GlobalFree(p R6)'
  System::Call 'advapi32::RegCloseKey(p R0)'
FunctionEnd
!macroend
!insertmacro CHANGE_PATH ""
!insertmacro CHANGE_PATH "un."
