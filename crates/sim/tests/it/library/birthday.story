person an birthday=1990-03-20 name=Nguyễn_Văn_An gender=male
person binh birthday=--04-11 name=Trần_Thị_Bình gender=female
person khach birthday=1985-03-20 no-consent name=Lê_Khách
person lima birthday=1979-04-01 name=Rosa_Lima timezone=America/Lima
person berlin birthday=1988-03-31 name=Anna_Berlin timezone=Europe/Berlin
person huy birthday=1992-04-12 name=Phạm_Huy
# Birthdays on either side of the clocks going forward in Berlin; An uses his present, Mai has no date.
person mai name=Vũ_Mai
+0h   event an page   +0h event binh page   +0h event khach page   +0h event lima page
+0h   event berlin page   +0h event huy page   +0h event mai page
+17d  event an order order=a1 total=300000
+40d  unsubscribe huy
until +90d
